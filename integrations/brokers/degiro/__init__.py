"""DEGIRO by the interface of its own web page: positions, cash, transactions and cash moves."""
