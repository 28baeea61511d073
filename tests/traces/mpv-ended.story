start 1 s of Ä Film, viewing 1
progress 7 s of Ä Film, viewing 1
stop 12 s of Ä Film, viewing 1 watched
