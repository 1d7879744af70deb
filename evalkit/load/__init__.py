"""Suites under load, with Locust as the generator. Importing this does not import Locust."""
