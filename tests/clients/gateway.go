// The Go SDK's client against a running gateway: `gateway URL SERVER`. gateway_upstream.py documents SERVER;
// `stdio` stands for any stdio server with the tool echo.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

var passed, failed int

func check(name string, run func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := run(ctx); err != nil {
		failed++
		fmt.Printf("FAILED %s: %v\n", name, err)
		return
	}
	passed++
	fmt.Printf("ok     %s\n", name)
}

func connected(ctx context.Context, url string, use func(*mcp.ClientSession) error) error {
	client := mcp.NewClient(&mcp.Implementation{Name: "client", Version: "0"}, nil)
	session, err := client.Connect(ctx, &mcp.SSEClientTransport{Endpoint: url}, nil)
	if err != nil {
		return err
	}
	defer session.Close()
	return use(session)
}

func echo(ctx context.Context, session *mcp.ClientSession, server, text string) error {
	argument := "message"
	if server == "rmcp" {
		argument = "text"
	}
	result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{argument: text}})
	if err != nil {
		return err
	}
	found := strings.TrimPrefix(result.Content[0].(*mcp.TextContent).Text, "Echo: ")
	if found != text {
		return fmt.Errorf("%.100q is not %.100q", found, text)
	}
	return nil
}

func main() {
	url, server := os.Args[1], os.Args[2]
	fmt.Printf("Go SDK and %s at %s\n", server, url)
	check("initialize and tools/list", func(ctx context.Context) error {
		return connected(ctx, url, func(session *mcp.ClientSession) error {
			tools, err := session.ListTools(ctx, nil)
			if err == nil && len(tools.Tools) == 0 {
				err = fmt.Errorf("no tools")
			}
			return err
		})
	})
	check("tools/call", func(ctx context.Context) error {
		return connected(ctx, url, func(session *mcp.ClientSession) error {
			for _, text := range []string{"Hello", "two\nlines\r\nand \u2028 more", strings.Repeat("x", 500_000)} {
				if err := echo(ctx, session, server, text); err != nil {
					return err
				}
			}
			return nil
		})
	})
	check("two clients at once", func(ctx context.Context) error {
		results := make(chan error, 2)
		for client := range 2 {
			go func() {
				results <- connected(ctx, url, func(session *mcp.ClientSession) error {
					for call := range 20 {
						if err := echo(ctx, session, server, fmt.Sprintf("client %d, call %d", client, call)); err != nil {
							return err
						}
					}
					return nil
				})
			}()
		}
		for range 2 {
			if err := <-results; err != nil {
				return err
			}
		}
		return nil
	})
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
