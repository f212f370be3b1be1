// Package onnxpb has the messages of the ONNX file format, generated from onnx.proto3 of ONNX 1.23.2, whose licence
// (Apache 2.0, the file LICENSE here) covers onnx.proto3 and onnx.pb.go.
package onnxpb

//go:generate sh generate.sh
