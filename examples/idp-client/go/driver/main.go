// Command driver lets the tests of all clients drive this one: a call as a line of JSON, and its end as another.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"strconv"
	"time"

	postlude "github.com/postlude/postlude/examples/idp-client/go"
)

type input struct {
	Call        string
	Transaction string
	Event       postlude.Event
	Mode        postlude.Mode
	ReturnURL   string `json:"return_url"`
	Pending     postlude.Pending
	Reply       string
	LoginID     string `json:"login_id"`
	ID, To      string
}

func run(client *postlude.Client, in input) (any, error) {
	ctx := context.Background()
	switch in.Call {
	case "start":
		return client.StartLogin(ctx, postlude.Login{TransactionID: in.Transaction, Event: in.Event, Mode: in.Mode, ReturnURL: in.ReturnURL})
	case "continue":
		return client.ContinueLogin(ctx, in.Pending, in.Reply, in.Event)
	case "get":
		return client.GetLogin(ctx, in.LoginID)
	case "end":
		return struct{}{}, client.EndSession(ctx, in.ID)
	case "rotate":
		return struct{}{}, client.RotateSession(ctx, in.ID, in.To)
	}
	return nil, errors.New("no such call")
}

func main() {
	milliseconds, err := strconv.Atoi(os.Getenv("DEADLINE_MS"))
	if err != nil {
		log.Fatal(err)
	}
	client, err := postlude.New(os.Getenv("POSTLUDE_URL"), os.Getenv("POSTLUDE_KEY"), time.Duration(milliseconds)*time.Millisecond, nil)
	if err != nil {
		log.Fatal(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var in input
		if err := json.Unmarshal(lines.Bytes(), &in); err != nil {
			log.Fatal(err)
		}
		end := map[string]any{}
		answer, err := run(client, in)
		var known *postlude.Error
		switch {
		case errors.As(err, &known):
			end["error"] = known.Code
			if known.Status != 0 {
				end["status"] = known.Status
			}
		case err != nil:
			end["error"] = err.Error()
		default:
			end["answer"] = answer
		}
		if err := json.NewEncoder(os.Stdout).Encode(end); err != nil {
			log.Fatal(err)
		}
	}
}
