"""The sentences of the demo model. {a} to {d} are the user's topics, in capitals {A} to {D} where a sentence begins."""

DISCLOSURE = (
    "> This comes from Keel's local demo model. It is no real AI: it arranges your own words in a fixed "
    "pattern, so that you can watch streaming, stopping and credits without a key."
)

INTRODUCTIONS = (
    "You wrote: “{excerpt}”. Here is a way to think about it, with the parts in the order in which they "
    "usually matter.",
    "Your message was “{excerpt}”. Below you find a short view of the whole, then the details that decide how it ends.",
    "Starting from “{excerpt}”, the answer below goes from the general to the particular and ends with "
    "something to do.",
)

OPENINGS = (
    "The short version is this: **{a}** works best when you decide early what it is for, keep **{b}** small "
    "enough to finish, and let {c} follow from that decision rather than lead it. Most of the trouble people "
    "report comes from doing these three in the opposite order, because {c} is the part that is easiest to "
    "see and to argue about.",
    "Two things are easy to confuse here: **{a}** itself, and what people expect of it. The first can be "
    "described in a few plain sentences. The second depends on **{b}**, on who is asking, and on how much "
    "time there is. It helps to write both down side by side before going any further with {c}, and to notice"
    " where they disagree.",
    "Before anything else, it is worth asking what would change if **{a}** went well. If the answer is clear,"
    " then **{b}** becomes a matter of steps, and each step can be checked on its own. If the answer is "
    "vague, more work on {c} will only hide the question for a while, and it comes back later when it costs "
    "more.",
)

LIST_HEADINGS = ("What matters about {a}", "Four things to keep in mind", "Where {a} and {b} meet")

LIST_ITEMS = (
    "**{A}**: begin with one concrete example and describe it in words that a newcomer would understand.",
    "**{B}**: decide what is good enough before you start, so that you can tell when you are done.",
    "**{C}**: write down what you assume today, because it is the first thing that you will forget.",
    "**{D}**: leave room for a surprise; the second attempt is usually the one that teaches you something.",
    "**Order**: settle {a} before {b}, since a late change there reaches everything that came after it.",
    "**Time**: set a limit for {c} and keep to it, even if the result looks a little unfinished.",
    "**People**: show {a} to somebody who was not there from the start, and listen to where they hesitate.",
)

DETAIL_HEADINGS = ("A closer look at {b}", "How {b} fits in", "From {a} to {b}")

DETAILS = (
    "It is tempting to treat {b} as a detail of {a}, but it behaves more like a second project with its own "
    "rhythm, its own costs and its own way of going wrong. Look at it once a week with *fresh eyes* and ask "
    "three things: what did we learn, what did we stop believing, and what would we leave out if we had half "
    "the time? The answers keep {c} honest.",
    "In practice, {b} shows its character only under pressure. While there is plenty of time, every approach "
    "looks reasonable; when there is little, only the *simple* ones survive. That is why it pays to try {a} "
    "on a small scale first, with real material, and to measure one number that everybody understands. When "
    "that number moves, you know that {c} is more than an opinion.",
    "There are usually several good ways to handle {b}, and the difference between them is smaller than the "
    "difference between deciding and *not deciding*. Choose the one that is easiest to undo. Then {a} can go "
    "on while you watch, and {c} can be corrected with what you have seen. Note why you chose as you did.",
)

TABLE_INTRODUCTION = "Side by side, the parts look like this:"

TABLE = """\
| Part | Question to ask | First step |
| --- | --- | --- |
| {A} | What is it for? | Describe one example |
| {B} | When is it done? | Name one number |
| {C} | Who depends on it? | Ask two people |"""

CODE_INTRODUCTION = "If you like to see it as a plan, this is the smallest one that works:"

CODE = """\
```python
plan = ["{a}", "{b}", "{c}"]

for step, topic in enumerate(plan, start=1):
    print(f"Step {{step}}: {{topic}}")
```"""

REFLECTIONS = (
    "None of this needs special tools. A page of notes about {a}, an honest hour with {b} and one "
    "conversation about {c} will bring you further than a perfect plan that nobody reads.",
    "If one point deserves more attention than the others, it is the link between {a} and {d}: when it is "
    "strong, mistakes elsewhere are cheap, and when it is weak, even good work gets lost on the way.",
    "You may find that {d} matters less than it seemed at first. That is a good sign. It means that {a} has "
    "become clear enough to leave things out, which is harder than adding them.",
)

CLOSINGS = (
    "Take fifteen minutes today and write five sentences about {a}: what it is, for whom, until when, how you"
    " will know, and what you will *not* do. Then come back with the sentence that was hardest to write.",
    "Pick one item from the list above, do it before the end of the day, and write down what surprised you. "
    "With that in hand, the next question about {b} will nearly answer itself.",
    "Tell one person what you plan to do about {a} and by when. If they ask a question about {b} that you "
    "cannot answer, you have found the place to begin.",
)

FALLBACK_TOPICS = ("purpose", "detail", "timing", "feedback")

STOP_WORDS = """
    about above after again all also and any are ask because been before being below between both but can could
    describe did does doing down each explain few for from further give had has have having help her here hers him
    his how into its just let like list make many may more most much must need not now off once one only other our
    out over own please same say shall she should show some such tell text than that the their them then there these
    they this those three too two under until use using very want was way were what when where which while who whom
    why will with without word words would write you your yours
"""
