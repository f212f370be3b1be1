#!/bin/sh
# Writes onnx.pb.go from onnx.proto3, which is unchanged from the ONNX release named in doc.go. It needs protoc (made with
# 3.21.12) and:
#     go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
#
# The one change is the name of the protobuf package, here and not in the file: a Go program can hold only one package
# "onnx", and a user's may hold another library's. Bytes on the wire do not depend on the name.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
sed 's/^package onnx;/package unroll.onnx;/' onnx.proto3 > "$work/unroll_onnx.proto"
protoc --proto_path="$work" --go_out="$work" --go_opt=paths=source_relative \
	--go_opt=Munroll_onnx.proto=github.com/unroll-go/unroll/nn/onnx/internal/onnxpb "$work/unroll_onnx.proto"
mv "$work/unroll_onnx.pb.go" onnx.pb.go
