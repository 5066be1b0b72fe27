module github.com/postlude/postlude/sdk/go

go 1.24
