"""Finds where a reply takes back or doubts what it said. Nothing of this is read, so a remark tells of it."""

from __future__ import annotations

import re

from iicl_tui.text import printable

_SENTENCE = re.compile(r"[^.!?\n;]+[.!?]*|[.!?]+")
_MOST = 400
"""How many sentences are looked at."""
_LONGEST = 80

_NOT = r"(?:not|n['’]t|cannot)"
_OPENS = (
    r"\A\W*(?:(?:oh|ah|hm+|well|but|and|so)\W+)?(?:"
    r"(?:wait|hold on|no|nope)(?=\s*(?:[,.!:;–—-]|\Z)|\s+(?:no|wait|that|this|it|the|i|a|my)\b)|hm+\b|oops|whoops"
    r"|actually\b|sorry\b"
    r"|(?:edit|update|correction|erratum|corrected|revised)(?:\s+\w+){0,3}\s*:"
    r"|(?:scratch|strike|ignore|disregard|forget)\s+(?:that|this|it|the|my)\b|never ?mind"
    r"|(?:on|upon) (?:second thoughts?|reflection|closer)|alternatively\b)"
)
_TAKES_BACK = (
    r"\b(?:i|we)(?:['’]ve| have)? (?:made|see|found|spotted)(?: an?)? (?:\w+ )?(?:mistake|error)|\b(?:i|we) meant\b"
    r"|\b(?:i|we)(?:['’]ve| have)? (?:changed|modified|adjusted|altered|corrected|revised)\b"
    r"|\b(?:i|we) (?:was|were|am|are) (?:wrong|mistaken)\b|\bmy (?:mistake|error|bad)\b|\btake (?:it|that|this) back\b"
    r"|\b(?:let me|i['’]ll|i (?:will|must|should|need to|have to|want to)) (?:correct|fix|revise|reconsider|redo|rethink|change)\b"
    r"|\b(?:disregard|ignore) (?:this|that|the|my)\b"
)
_FAILS = (
    r"\b(?:is|was|are|were|be|seems?|looks?|sounds?)(?! not\b)(?! never\b)(?: \w+)? (?:wrong|incorrect|mistaken|inconsistent"
    r"|invalid|an? (?:error|mistake))\b"
    rf"|{_NOT}(?: \w+)?(?: be)?(?: \w+)? (?:right|correct|consistent|true|valid)\b"
    rf"|{_NOT} (?:work|fit|hold|match|explain|account|agree)\b"
    r"|\b(?:this|that|it|which|rule|answer|examples?|ones?) (?:\w+ )?(?:contradicts?|conflicts?|violates?|fails?)\b"
)
_UNSURE = (
    rf"{_NOT} (?:\w+ )?(?:sure|certain|confident)\b|\b(?:unsure|unclear)\b|\b(?:i|we)(?: am|['’]m| are|['’]re) uncertain\b"
    r"|\b(?:just|only|merely|best|wild|educated|my) (?:an? )?(?:\w+ )?guess\b|\bi(?:['’]m| am) (?:just |only )?guessing\b"
    r"|\b(?:can['’]?t|cannot|could not|couldn['’]t|impossible to) (?:\w+ )?(?:determine|tell|decide|know|say|infer)\b"
    r"|\b(?:another|other|more than one|several|alternative) (?:\w+ )?(?:rules?|options?|possibilit\w+|readings?|answers?)\b"
    r"|\bunless\b|\bexcept (?:when|if|that|for)\b"
)
_DOUBT = re.compile(f"{_OPENS}|{_TAKES_BACK}|{_FAILS}|{_UNSURE}", re.IGNORECASE)
_HEDGE = re.compile(
    r"\A\W*(?:but|however|though)\b|\b(?:could|might|may)(?: \w+){0,2} (?:be|turn|make|stay)\b|\b(?:maybe|perhaps|possibl[ey]"
    r"|presumably|probably|likely|supposedly|tentative\w*|either|also consistent)\b|\bi (?:think|guess|suppose|believe)\b|\?",
    re.IGNORECASE,
)
"""Doubts a word only where the sentence has one."""
_NOTHING = re.compile(r"(?!)")
_DENIED = re.compile(r"\bno (?:other|mistakes?|errors?|more)\b|\bnothing\b", re.IGNORECASE)
_BESIDE = re.compile(
    r"\b(?:if|assuming|provided|unless|except|maybe|perhaps|possibly|probably|likely|sometimes|usually|tentative)\b|\d\s?%|\?",
    re.IGNORECASE,
)
"""What makes a word less than certain right beside it."""


def doubt_remarks(text: str, start: int, word: re.Pattern[str]) -> list[str]:
    """A remark with the first sentence that takes back or doubts something; none if there is none.

    Args:
        text: The answer.
        start: Where what counts begins. What is said before is how the model came to it.
        word: A word that may be doubted, such as a state.
    """
    for number, sentence in enumerate(_SENTENCE.finditer(text, start)):
        if number == _MOST:
            break
        said = sentence[0].strip()
        meant = word.sub(_without_doubt, said)
        if _DENIED.search(said) is None and (_DOUBT.search(meant) or (_HEDGE.search(meant) and word.search(said))):
            return [f"It also says “{printable(' '.join(said.split()), _LONGEST)}”. That does not count."]
    return []


def _without_doubt(word: re.Match[str]) -> str:
    """The word; nothing where a state itself has the name of a doubt, as "unclear"."""
    return "" if _DOUBT.search(word[0]) or _HEDGE.search(word[0]) else word[0]


def doubts_after(text: str, last: str) -> list[str]:
    """As `doubt_remarks`, for what follows the line with the last thing that counts. last: how it is written."""
    at = text.lower().rfind(last.lower()) if last else -1
    line_end = text.find("\n", at + len(last)) if at >= 0 else -1
    return doubt_remarks(text, line_end, _NOTHING) if line_end >= 0 else []


def is_limited(beside: str) -> bool:
    """Whether what stands beside a word makes it less than certain: "on if alone", "on (90%)"."""
    return _BESIDE.search(beside) is not None
