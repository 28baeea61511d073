start 3 s of Film 12, viewing 1
pause 5 s of Film 12, viewing 1
resume 5 s of Film 12, viewing 1
stop 12 s of Film 12, viewing 1 watched
start 1 s of Film 30, viewing 2
stop 4 s of Film 30, viewing 2
