"""Reviews: new and changed records are there for others once somebody else has checked them."""
