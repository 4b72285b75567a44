"""The words of the follow-up's page and report. Swedish and English."""

from collections.abc import Mapping

FOLLOW_UP: Mapping[str, tuple[str, str]] = {
    "follow-up": ("Uppföljning", "Follow-up"),
    "follow-up hint": (
        "Vårdtillfällen som avslutats i de valda månaderna. Skyddade personer ingår inte.",
        "Stays that ended in the chosen months. Protected persons are not in it.",
    ),
    "first month": ("Från och med", "First month"),
    "last month": ("Till och med", "Last month"),
    "compare with": ("Jämför med (t.ex. 2025-01..2025-06)", "Compare with (such as 2025-01..2025-06)"),
    "by": ("Per", "By"),
    "by municipality": ("kommun", "municipality"),
    "by sender": ("avdelning", "ward"),
    "measure": ("Mått", "Measure"),
    "compute": ("Visa", "Show"),
    "slow": ("Många vårdtillfällen tar tid att räkna.", "Many stays take time to count."),
    "part experience": ("Personens egen upplevelse", "The person's own experience"),
    "part collaboration": ("Samverkan", "Collaboration"),
    "part adherence": ("Följsamhet till överenskommelsen", "Adherence to the agreement"),
    "part quantity": ("Kvantitativa mått", "Quantitative measures"),
    "all units": ("Alla", "All"),
    "no unit": ("Utan entydig enhet", "Of no one unit"),
    "whole period": ("hela perioden", "whole period"),
    "stays": ("Antal", "Number"),
    "figure": ("Värde", "Figure"),
    "hidden figure": ("dolt", "hidden"),
    "nothing to count": ("Inget att räkna i perioden.", "Nothing to count in the period."),
    "each unit": ("Per enhet", "By unit"),
    "each month": ("Per månad, alla", "By month, all"),
    "distribution": ("Fördelning, alla (antal)", "Distribution, all (number)"),
    "median days": ("median, dygn", "median, days"),
    "threshold": (
        "Antal under {0} är dolda, liksom det de skulle kunna räknas ut från.",
        "Numbers below {0} are hidden, and so is what they could be computed from.",
    ),
    "as known": ("Som det var känt", "As it was known"),
    "basis": ("Kontrollsumma", "Digest"),
    "csv": ("CSV", "CSV"),
}
