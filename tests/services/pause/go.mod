module services/pause

go 1.26
