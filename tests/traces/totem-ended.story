start 2 s of Ä Film, viewing 1
progress 8 s of Ä Film, viewing 1
stop 12 s of Ä Film, viewing 1 watched
