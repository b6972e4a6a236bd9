"""The ground floor: settings, paths and errors. Imports nothing from the packages beside it."""
