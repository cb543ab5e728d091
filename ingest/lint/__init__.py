"""Articles are checked at the door: an article and the original it was read from enter, findings leave."""
