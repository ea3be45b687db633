"""Turns a reference solution into deliberately broken variants. Pure: text in, mutants out."""
