start 0 s of Ä Film, viewing 1
progress 6 s of Ä Film, viewing 1
stop 12 s of Ä Film, viewing 1 watched
