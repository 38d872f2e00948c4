"""What the sample customers write about, and the answers that a page must survive."""

# A short name and what is to be said about it.
TOPICS = [
    ("Import wizard for contacts", "It pairs each column with the right field, shows a preview, and can be undone."),
    ("Late delivery of a garden table", "The table left our warehouse on Monday. The customer gets the postage back."),
    (
        "Notes of the harbour meeting",
        "The pier closes in March. Two ferries move to the north quay. Tickets stay valid.",
    ),
    ("Dark theme for the booking page", "Readers asked for it. It follows the system and can be chosen by hand."),
    ("Question about an invoice", "The invoice shows two seats because a colleague was invited on the third."),
    ("Opening hours in the holidays", "Open from nine to two between the years, closed on the first of January."),
    ("A calmer notification centre", "Mails are bundled once a day. Urgent ones still arrive at once."),
    ("Report on spring bookings", "Bookings grew in April and fell in May. Families came earlier than last year."),
    ("Refund for a canceled course", "The course did not take place. The whole price goes back within three days."),
    ("Search that forgives typing errors", "It finds names with swapped letters and ranks exact matches first."),
    ("Survey of first-time visitors", "Most came by train. Half of them missed a sign at the second crossing."),
    ("New colours for the trail map", "Each trail has one colour and one shape, so that it can be read in grey too."),
]

ALL_OF_MARKDOWN = """# Tide tables, release 4

The new tables are **easier to read** and cover *forty* more harbours. Read on for [what changed](https://example.com).

## What is new

- Times follow your own zone
- Neap and spring tides are marked
    - also in print
- Works without a connection

1. Open the table
2. Choose a harbour
3. Press **Save for later**

> The sea does not read tables, but sailors do.

| Harbour | High water | Height | Change against last year | Remark |
|---|---:|---:|---:|---|
| Northhaven | 04:12 | 3.4 m | +0.1 m | The lock opens two hours before high water |
| Skerry Point | 05:47 | 2.9 m | 0.0 m | None |
| Lower Saltmarsh | 16:30 | 4.1 m | -0.2 m | Dries out at spring tides |

```python
def next_high_water(harbour: Harbour, *, after: datetime) -> datetime:
    \"\"\"Return the first high water after an instant, in the harbour's zone, whatever the reader's is.\"\"\"
    return min(tide.at for tide in harbour.tides if tide.at > after and tide.kind is Kind.HIGH)
```

Use `next_high_water` where a sailor plans, and `tides_of` where a harbour master looks back.

---

Thank you for sailing with us.
"""

LONG_WORDS = """# Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft

See https://example.com/a/very/long/address/that/nobody/would/ever/type/but/somebody/will/paste/into/a/form/one/day?and=more

`a_function_with_a_name_that_goes_on_and_on_and_on_until_it_has_left_every_reasonable_screen_behind_it`

pneumonoultramicroscopicsilicovolcanoconiosispneumonoultramicroscopicsilicovolcanoconiosispneumonoultramicroscopic

漢字だけの長い行は空白なしでも折り返されるはずですが、そうでないページもありますので確かめておきましょう。
"""

STOPPED = "# A story about the moon\n\nOnce the moon was closer, and the sea listened to every word it said. Then"

STOP_REASON = "Generating is paused for now. We are looking at odd answers and will be back at noon."

CUT_BY_LENGTH = ALL_OF_MARKDOWN[: ALL_OF_MARKDOWN.index("| Lower Saltmarsh")]

STREAMED_SO_FAR = ALL_OF_MARKDOWN[: ALL_OF_MARKDOWN.index("> The sea")] + "> The sea does not read"

# The longest title that a conversation takes, without a place to break it.
LONG_TITLE = "Rechtsschutzversicherungsgesellschaften" * 3

# Personal data and secrets that a run had in its texts.
FOUND = {
    "input": {"warn": {"email": 2, "phone": 1}, "mask": {"api_key": 1}},
    "output": {"warn": {"email": 1}},
}
