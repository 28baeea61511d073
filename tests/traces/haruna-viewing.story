start 1 s of Film 12, viewing 1
pause 2 s of Film 12, viewing 1
resume 2 s of Film 12, viewing 1
progress 11 s of Film 12, viewing 1
stop 12 s of Film 12, viewing 1 watched
start 1 s of Film 30, viewing 2
stop 3 s of Film 30, viewing 2
