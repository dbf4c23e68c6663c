"""What a portfolio did: returns, what drove them, and their risk.

``facts`` reads and ``performance`` puts together; everything else here is pure.
"""
