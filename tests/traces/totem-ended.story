start 3 s of Ä Film, viewing 1
progress 9 s of Ä Film, viewing 1
stop 12 s of Ä Film, viewing 1 watched
