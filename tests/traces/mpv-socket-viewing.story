start 1 s of Ä Film, viewing 1
pause 2 s of Ä Film, viewing 1
resume 7 s of Ä Film, viewing 1
stop 12 s of Ä Film, viewing 1 watched
start 1 s of Ä Film, viewing 2
stop 4 s of Ä Film, viewing 2
