"""The fleet as a whole: its reference data, its listing, samples for trials."""
