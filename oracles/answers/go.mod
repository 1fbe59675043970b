module navarch.dev/oracles/answers

go 1.26.0
