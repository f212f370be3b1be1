// Package pretrained opens recurrent language models that others have trained, as they are published: a folder with
// config.json, the weights as safetensors and a tokenizer.json, or a GGUF file of llama.cpp. They generate, score and are judged,
// and what they remember of a text is a state of a fixed size, which can be saved and gone on from:
//
//	m, err := pretrained.Load("mamba-130m")
//	text, err := m.Generate(ctx, "The meaning of life is", pretrained.Generation{Length: 50})
//
// Weights keep the names and shapes that they have in the file, so what docs of other frameworks say of them holds here.
package pretrained
