// Package message has what whoever shows errors to people does with them.
package message

import "regexp"

// packages begin messages of the library: they tell a program's author where an error comes from.
var packages = regexp.MustCompile(`(^|: )((datasets|catalog|graph|optim|models|decode|recurrent|losses|nn|` +
	`train|metric|chart|events|onnx|keras|numpy|torch|peft|pretrained|tokenizer|serve|xla|stablehlo|read safetensors): )+`)

// WithoutPackages is a message for whoever has a program alone.
func WithoutPackages(message string) string { return packages.ReplaceAllString(message, "$1") }
