start 1 s of Film 30, viewing 1
stop 3 s of Film 30, viewing 1
