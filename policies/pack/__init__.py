"""The rules, inside Pulumi's engine."""
