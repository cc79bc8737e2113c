"""The words that the invented business is made of."""

from __future__ import annotations

TEAMS = {"North": ("ann", "bob", "chen"), "South": ("dora", "emil", "fatima")}
PEOPLE = {
    "ann": "Ann Berger",
    "bob": "Bob Osei",
    "chen": "Chen Wei",
    "dora": "Dora Lindqvist",
    "emil": "Emil Novak",
    "fatima": "Fatima Haddad",
}
FIRST_NAMES = (
    "Alma", "Bruno", "Carla", "David", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Leon", "Mara",
    "Nils", "Olga", "Paul", "Rosa", "Samir", "Tilda", "Viktor", "Wanda", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abel", "Brandt", "Costa", "Dubois", "Eriksen", "Ferrari", "Garcia", "Hansen", "Ivanov", "Jansen", "Keller",
    "Larsen", "Moreau", "Nagy", "Okafor", "Petrov", "Rossi", "Silva", "Tanaka", "Virtanen", "Weber", "Zhang",
)  # fmt: skip
COMPANY_BEGINNINGS = (
    "Alpen", "Baltic", "Cedar", "Delta", "Eagle", "Forum", "Granit", "Harbour", "Iris", "Jupiter", "Kestrel", "Lumen",
    "Meridian", "Nordic", "Orchard", "Pioneer", "Quartz", "River", "Summit", "Terra", "Union", "Valley", "Willow",
)  # fmt: skip
COMPANY_ENDINGS = {
    "Foods": "food",
    "Logistics": "logistics",
    "Machines": "engineering",
    "Software": "software",
    "Clinics": "health",
    "Energy": "energy",
}
CITIES = (
    ("Paris", "France"), ("Lyon", "France"), ("Berlin", "Germany"), ("Hamburg", "Germany"), ("Madrid", "Spain"),
    ("Milan", "Italy"), ("Vienna", "Austria"), ("Oslo", "Norway"), ("Ghent", "Belgium"), ("Porto", "Portugal"),
)  # fmt: skip
JOBS = ("Managing director", "Head of purchasing", "Head of IT", "Operations manager", "Finance manager")
PRODUCTS = (
    ("Starter licence", "S-10", "licence", 1_200),
    ("Team licence", "T-20", "licence", 4_800),
    ("Enterprise licence", "E-30", "licence", 19_500),
    ("Onboarding", "O-40", "service", 2_500),
    ("Training day", "D-50", "service", 1_450),
    ("Support, one year", "U-60", "support", 3_600),
)
REASONS = ("seats", "for the new site", "renewal", "pilot", "for the subsidiary", "replacement of the old system")
