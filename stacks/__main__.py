"""What `pulumi preview|up` runs in the checkout: the program of the stack that is selected."""

import sys
from pathlib import Path

import pulumi

# Pulumi runs this folder, not the package, so the checkout isn't necessarily on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infra.model import NotReadyError
from stacks.inventory import InventoryError
from stacks.naming import StackNameError
from stacks.program import declare

try:
    declare(pulumi.get_stack())
except (StackNameError, InventoryError, NotReadyError) as error:
    raise pulumi.RunError(str(error)) from None
