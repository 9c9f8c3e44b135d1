"""Laws of electrochemistry and energy, measured tissue, fronts."""
