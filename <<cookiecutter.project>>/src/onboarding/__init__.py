"""From a table that a user has to the settings that train on it: `make onboard`."""
