start 2 s of Film 12, viewing 1
progress 9 s of Film 12, viewing 1
stop 12 s of Film 12, viewing 1 watched
start 1 s of Film 30, viewing 2
stop 4 s of Film 30, viewing 2
