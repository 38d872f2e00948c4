"""A list of texts from a CSV to a CSV, through the whole product: web, beat, both workers and the model."""

import csv
import io
import re

from tests.product import Customer, wait_for

PAGE = "/generations/batches/new/?template=product-announcement"
CONTENT = "SKU;details;tone;product\n" + "".join(
    f'A-{number};"It covers {number} more harbours; it works without a connection.";friendly;Tide tables {number}\n'
    for number in range(4)
)
FINISHED_SECONDS = 60


def test_a_csv_is_uploaded_priced_run_and_downloaded_and_each_credit_is_in_the_ledger(shared_product):
    customer = shared_product.customer()
    page = upload(customer, CONTENT)
    assert "Run 4 rows" in customer.client.get(page).text
    assert customer.submit(page, fields={}, action=f"{page}start/").status_code == 302
    status = "SELECT 1 FROM generation_batch WHERE id = %s AND status = 'finished'"
    wait_for(lambda: shared_product.value(status, page.split("/")[-2]), seconds=FINISHED_SECONDS)

    rows = list(csv.DictReader(io.StringIO(customer.client.get(f"{page}download/").text[1:]), delimiter=";"))
    assert [row["SKU"] for row in rows] == ["A-0", "A-1", "A-2", "A-3"]
    assert {row["status"] for row in rows} == {"Succeeded"}
    assert all(row["output"] for row in rows)
    captured = shared_product.value(
        "SELECT -sum(entry.amount) FROM generation_batchrow AS line JOIN generation_generation AS generation"
        " ON generation.id = line.generation_id JOIN billing_ledgerentry AS entry ON entry.hold_id = generation.hold_id"
        " WHERE line.batch_id = %s",
        page.split("/")[-2],
    )
    assert sum(int(row["credits"]) for row in rows) == captured > 0


def upload(customer: Customer, content: str) -> str:
    """Upload a CSV as the page's form does; return the address of the batch."""
    form = customer.client.get(PAGE).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    answer = customer.client.post(
        "/generations/batches/",
        data=hidden | {"model": "keel-demo-fast"},
        files={"file": ("list.csv", content.encode(), "text/csv")},
        headers={"Referer": customer.product.base_url + PAGE},
    )
    assert answer.status_code == 302, answer.text[:500]
    return str(answer.headers["location"])
