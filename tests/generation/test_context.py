"""What is sent: our sentences to the system, people's words to the user, and as much of what was said as fits."""

from hypothesis import given
from hypothesis import strategies as st

from apps.generation import context, prompts
from apps.generation.context import Turn
from apps.generation.conversation_forms import FOLLOW_UP

BASE = ({"role": "system", "content": "We."}, {"role": "user", "content": "Now?"})
TEXTS = st.one_of(st.text(max_size=200), st.integers(0, 9_000).map(lambda size: "漢 " * size), st.just("word " * 3_000))
TURNS = st.lists(st.tuples(TEXTS, TEXTS), max_size=30).map(
    lambda pairs: [Turn(str(number), *pair) for number, pair in enumerate(pairs)]
)


@given(turns=TURNS, room=st.integers(-500, 16_000), question=TEXTS)
def test_however_long_the_talk_what_goes_along_fits_and_the_newest_is_kept(turns, room, question):
    base = (*BASE[:1], {"role": "user", "content": question})
    whole, summarized = context.trim(turns, room=room)

    sent = context.assemble(base, turns=whole, summarized=summarized, left_out=len(turns))

    assert context.most_tokens(sent) - context.most_tokens(base) <= max(room, 0)
    assert [*summarized, *whole] == turns[len(turns) - len(summarized) - len(whole) :]
    if turns and context.most_tokens(context.assemble((), turns=turns[-1:])) <= room - context.SUMMARY_TOKENS_MAX:
        assert whole[-1] == turns[-1]


@given(turns=TURNS, room=st.integers(0, 16_000))
def test_nothing_that_a_person_wrote_is_ever_told_to_the_system(turns, room):
    whole, summarized = context.trim(turns, room=room)

    sent = context.assemble(BASE, turns=whole, summarized=summarized, instructions=["Write formally."])

    assert [one["content"] for one in sent if one["role"] == "system"] == ["We.\n\nWrite formally."]
    assert sent[0]["role"] == "system"
    assert sent[-1] == BASE[-1]
    assert {one["role"] for one in sent} <= {"system", "user", "assistant"}


def test_a_short_talk_goes_along_as_it_was_said():
    turns = [Turn("1", "Tides?", "They come."), Turn("2", "And?", "They go.")]

    assert context.trim(turns, room=1_000) == (turns, ())
    assert [one["content"] for one in context.assemble(BASE, turns=turns)] == [
        "We.",
        "Tides?",
        "They come.",
        "And?",
        "They go.",
        "Now?",
    ]


def test_what_fell_out_is_told_by_its_first_words_and_counted_before_that():
    turns = [Turn(str(number), f"Question {number} " + "ebb " * 900, "flow " * 900) for number in range(20)]

    whole, summarized = context.trim(turns, room=context.HISTORY_TOKENS_MAX)
    sent = context.assemble(BASE, turns=whole, summarized=summarized, left_out=20 - len(whole) - len(summarized))

    assert len(summarized) == context.SUMMARIZED_TURNS_MAX
    assert sent[1]["role"] == "user"
    assert f"- Asked: {turns[20 - len(whole) - 1].asked[:12]}" in sent[1]["content"]
    assert f"({20 - len(whole) - len(summarized)} messages before these are left out.)" in sent[1]["content"]


def test_what_is_frozen_is_read_back_and_says_nothing_where_there_is_nothing():
    template = prompts.get_file(FOLLOW_UP)
    frozen, sent = context.freeze(template=template, inputs={"text": "x"}, model="keel-demo", instructions=["Plainly."])

    assert frozen.as_json() == {"instructions": ["Plainly."]}
    assert context.Frozen().as_json() == {}
    assert "Plainly." in sent[0]["content"]
