"""What the cloud says now: collectors over every account and region, complete or with what is missing said.

`collect` asks what `table` lists and gives `Answers`; `write` lays them down as a snapshot folder. Nothing here changes
anything in an account: `permissions` holds the exact policy, and it is all reading.
"""
