// Reads each body as an MCP server in Go does: encoding/json into structs, params after the method
// is known. Its field names are matched without regard to case, by Unicode's folding.
//
// Reads records from stdin and writes a line for each; judge.py describes both.
package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"strings"
)

type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  *string         `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`
}

type named struct {
	Name      *string         `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

type located struct {
	URI *string `json:"uri"`
}

type completed struct {
	Ref struct {
		Type *string `json:"type"`
		Name *string `json:"name"`
		URI  *string `json:"uri"`
	} `json:"ref"`
}

type listened struct {
	Notifications struct {
		ResourceSubscriptions []string `json:"resourceSubscriptions"`
	} `json:"notifications"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for {
		var length uint32
		if err := binary.Read(in, binary.LittleEndian, &length); err == io.EOF {
			break
		} else if err != nil {
			panic(err)
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(in, body); err != nil {
			panic(err)
		}
		out.WriteString(read(body))
		out.WriteByte('\n')
	}
	if err := out.Flush(); err != nil {
		panic(err)
	}
}

// A decoder stops after the first value, whatever follows it.
func read(body []byte) string {
	var document json.RawMessage
	if json.NewDecoder(bytes.NewReader(body)).Decode(&document) != nil {
		return "-"
	}
	if document[0] != '[' {
		return one(document)
	}
	var batch []json.RawMessage
	if json.Unmarshal(document, &batch) != nil {
		return "-"
	}
	lines := make([]string, len(batch))
	for i, document := range batch {
		lines[i] = one(document)
	}
	return "[" + strings.Join(lines, "|")
}

func one(document []byte) string {
	var m message
	if json.Unmarshal(document, &m) != nil {
		return "-"
	}
	fields := make([]string, 7)
	fields[0] = field(m.Method)
	params := []byte(m.Params)
	if m.Method == nil || params == nil {
		return strings.Join(fields, ";")
	}
	var err error
	switch *m.Method {
	case "tools/call", "prompts/get":
		var p named
		err = json.Unmarshal(params, &p)
		fields[1] = field(p.Name)
	case "resources/read", "resources/subscribe", "resources/unsubscribe",
		"resources/directory/read", "skills/get":
		var p located
		err = json.Unmarshal(params, &p)
		fields[2] = field(p.URI)
	case "completion/complete":
		var p completed
		err = json.Unmarshal(params, &p)
		fields[3], fields[4], fields[5] = field(p.Ref.Type), field(p.Ref.Name), field(p.Ref.URI)
	case "subscriptions/listen":
		var p listened
		err = json.Unmarshal(params, &p)
		uris := make([]string, len(p.Notifications.ResourceSubscriptions))
		for i := range uris {
			uris[i] = field(&p.Notifications.ResourceSubscriptions[i])
		}
		fields[6] = strings.Join(uris, ",")
	}
	if err != nil {
		return "-"
	}
	return strings.Join(fields, ";")
}

func field(text *string) string {
	if text == nil {
		return ""
	}
	return "=" + hex.EncodeToString([]byte(*text))
}
