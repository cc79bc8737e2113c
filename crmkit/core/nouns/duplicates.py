"""The duplicate rules of customers and contacts.

The rates are estimates from what is known of such data in general (how many share a birthday, a switchboard, a
postcode), and were not fitted to any data set. docs/how-to/duplicates.md says how they do on the FEBRL sets.
"""

from __future__ import annotations

from crmkit.core.declare.duplicates import Compare, DuplicateRule, Key

EMAIL = Key(fields=("email", "other_email"), way="email")
CUSTOMER_PHONE = Key(fields=("phone", "other_phone"), way="phone")
CONTACT_PHONE = Key(fields=("phone", "mobile"), way="phone")

DUPLICATE_RULES = (
    DuplicateRule(
        name="same_customer",
        entity="customer",
        keys=(
            (EMAIL,),
            (CUSTOMER_PHONE,),
            (Key(fields="name", way="organisation"),),
            (Key(fields="website", way="domain"),),
            (Key(fields="name", way="sound"), Key(fields="city", way="person")),
        ),
        compares=(
            Compare(fields="name", way="organisation", agrees=0.9, chance=0.00005),
            Compare(fields=("email", "other_email"), way="email", agrees=0.7, chance=0.0001, near=1, far=0.99),
            Compare(fields=("phone", "other_phone"), way="phone", agrees=0.7, chance=0.0001, near=1, far=0.99),
            Compare(fields="website", way="domain", agrees=0.8, chance=0.0001, near=1, far=0.99),
            Compare(fields="address", way="address", agrees=0.7, chance=0.0005),
            Compare(fields="city", way="person", agrees=0.8, chance=0.02),
        ),
    ),
    DuplicateRule(
        name="same_contact",
        entity="contact",
        keys=(
            (EMAIL,),
            (CONTACT_PHONE,),
            (Key(fields="name", way="person"),),
            (Key(fields="birthday", way="date"),),
            (Key(fields="name", way="sound"), Key(fields="address", way="postcode")),
            (Key(fields="name", way="sound"), Key(fields="customer", way="same")),
        ),
        compares=(
            Compare(fields="name", way="person", agrees=0.9, chance=0.0005),
            Compare(fields=("email", "other_email"), way="email", agrees=0.7, chance=0.00001, near=1, far=0.99),
            Compare(fields=("phone", "mobile"), way="phone", agrees=0.7, chance=0.001, near=1, far=0.99),
            Compare(fields="birthday", way="date", agrees=0.95, chance=0.00004, near=1, far=0.7),
            Compare(fields="address", way="address", agrees=0.7, chance=0.0005),
            Compare(fields="customer", way="same", agrees=0.8, chance=0.01, near=1, far=0.99),
        ),
    ),
)
