module github.com/unroll-go/unroll/internal/kernel/_asm/neon

go 1.26.0
