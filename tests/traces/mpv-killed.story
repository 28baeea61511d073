start 0 s of Ä Film, viewing 1
stop 3 s of Ä Film, viewing 1
