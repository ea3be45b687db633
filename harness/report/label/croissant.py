"""Croissant metadata of a file of labels, so that tools for datasets can read it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_FIELDS: tuple[tuple[str, str, str, str], ...] = (
    ("task", "sc:Text", "task", "The task's name, as the audit was given it."),
    ("verdict", "sc:Text", "verdict", "strong, adequate, weak, unsound, broken, flaky or unmeasured."),
    ("strength", "sc:Float", "strength.value", "The share of broken variants that the tests caught."),
    ("strength_low", "sc:Float", "strength.low", "The lower end of its 95 % interval."),
    ("strength_high", "sc:Float", "strength.high", "The upper end of its 95 % interval."),
    ("survivors", "sc:Integer", "survivors", "How many broken variants were paid in full."),
    ("digest", "sc:Text", "digests.task", "SHA-256 of the task's folder that it is about."),
    ("version", "sc:Text", "tool.version", "The version of foolsgold."),
)


def croissant(name: str, file: str, sha256: str, count: int, version: str) -> dict[str, Any]:
    """Of `file`, a .jsonl of labels that lies beside the metadata."""
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "name": name,
        "description": f"What foolsgold found of {count} tasks: how well the tests of each tell right from wrong.",
        "conformsTo": CONFORMS_TO,
        "version": "1.0.0",
        "creator": {"@type": "sc:Organization", "name": f"foolsgold {version}"},
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "labels-file",
                "name": "labels-file",
                "contentUrl": file,
                "encodingFormat": "application/jsonlines",
                "sha256": sha256,
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "labels",
                "name": "labels",
                "key": {"@id": "labels/task"},
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"labels/{field}",
                        "name": field,
                        "description": about,
                        "dataType": kind,
                        "source": _place(path),
                    }
                    for field, kind, path, about in _FIELDS
                ],
            }
        ],
    }


def _place(path: str) -> dict[str, Any]:
    """Where a field's value is in a line: a key, and where that holds more, the key in it."""
    column, _, inside = path.partition(".")
    place: dict[str, Any] = {"fileObject": {"@id": "labels-file"}, "extract": {"column": column}}
    return {**place, "transform": {"jsonPath": inside}} if inside else place
