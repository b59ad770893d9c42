module edrportal.tests/x509

go 1.25.0
