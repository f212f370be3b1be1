package main

import "strings"

// lowered is a text as the networks read it: letters small, so that fewer words are rare.
func lowered(s string) string { return strings.ToLower(s) }

func joined(texts []string) string { return lowered(strings.Join(texts, "\n")) }
