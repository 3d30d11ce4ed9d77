"""Systems Manager's documents where moto leaves something out: `$DEFAULT` as a version.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetDocument.html
"""

from __future__ import annotations

from typing import Any

from moto.ssm import urls

from honseki.rehearsal.region.parameters import ParametersBackend


class DocumentsBackend(ParametersBackend):
    """moto's Systems Manager."""

    def get_document(self, name: str, document_version: str, version_name: str, document_format: str) -> dict[str, Any]:
        """GetDocument."""
        wanted = "" if document_version == "$DEFAULT" else document_version
        found: dict[str, Any] = super().get_document(name, wanted, version_name, document_format)
        return found

    @property
    def _url_module(self) -> Any:
        return urls
