module edrportal.tests/dial

go 1.26.0
