"""What must hold: the catalogue of controls, the rules that check them, the policy pack. Not built yet."""
