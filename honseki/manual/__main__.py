"""Write the generated pages of `docs/` again."""

from honseki.manual import inventory
from honseki.settings import CHECKOUT

PAGE = CHECKOUT / "docs" / "inventory.md"

if __name__ == "__main__":
    PAGE.write_text(inventory.text(), encoding="utf-8")
    print(f"{PAGE.relative_to(CHECKOUT)} written")
