"""Two rates around the front: coarse steps everywhere, fine ones where these surprised."""
