"""Open pages follow what happens in the cluster: one watch feeds one hub, each page has a stream of names."""
