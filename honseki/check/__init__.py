"""`honseki check`: the rules over the fleet's declared graphs."""
