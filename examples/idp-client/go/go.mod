module github.com/postlude/postlude/examples/idp-client/go

go 1.24
