"""The reference server keeps the OpenAPI document, whatever schemathesis sends it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kuanxin.gateways.reference_server import CONTRACT
from kuanxin.servicing.model import Allocation, Component, DayBasis, Method, PaymentStatus, Rounding
from tests.builders import a_loan
from tests.gateways.conftest import TOKEN


def test_the_reference_server_keeps_the_contract(serve, tmp_path):
    # the ids of the document's examples, so that its examples meet data
    address = serve(a_loan("L001"))
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *("run", str(CONTRACT), "--url", address, "--header", f"Authorization: Bearer {TOKEN}"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1", "--warnings", "off"),
            *("--suppress-health-check", "filter_too_much,too_slow"),  # of its own data, on a busy machine
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]
    assert "Tested: 7" in run.stdout


@pytest.mark.parametrize(
    ("schema", "name", "kind"),
    [
        ("Terms", "method", Method),
        ("Terms", "day_basis", DayBasis),
        ("Terms", "rounding", Rounding),
        ("Terms", "allocation", Allocation),
        ("Payment", "status", PaymentStatus),
        ("Component", None, Component),
    ],
)
def test_the_document_names_every_choice_that_the_rules_know(schema, name, kind):
    found = yaml.safe_load(CONTRACT.read_text("utf-8"))["components"]["schemas"][schema]
    listed = found["properties"][name] if name else found
    assert listed["enum"] == [choice.value for choice in kind]
