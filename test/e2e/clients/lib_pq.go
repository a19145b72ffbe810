// lib/pq and pgx (Debian's golang packages): database/sql, arrays, COPY, errors, batches, binary values, LISTEN.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v4"
	"github.com/lib/pq"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	db, err := sql.Open("postgres", "sslmode=disable")
	must(err)
	_, err = db.Exec("create table go_t(id serial primary key, a int[], b bytea, t timestamptz, n numeric(8,2), j jsonb)")
	must(err)
	var id int
	must(db.QueryRow("insert into go_t(a,b,t,n,j) values($1,$2,$3,$4,$5) returning id", pq.Array([]int64{1, 2}), []byte{0, 255}, time.Unix(0, 0), "1.5", `{"a":1}`).Scan(&id))
	tx, err := db.Begin()
	must(err)
	st, err := tx.Prepare(pq.CopyIn("go_t", "n", "j"))
	must(err)
	for i := 0; i < 3; i++ {
		_, err = st.Exec(i, nil)
		must(err)
	}
	_, err = st.Exec()
	must(err)
	must(st.Close())
	must(tx.Commit())
	rows, err := db.Query("select a, b, t at time zone 'UTC', n, j, count(*) over () from go_t order by id")
	must(err)
	types, _ := rows.ColumnTypes()
	for _, t := range types {
		fmt.Print(t.Name(), " ", t.DatabaseTypeName(), ", ")
	}
	for rows.Next() {
		var a []sql.NullInt64
		var b []byte
		var t sql.NullTime
		var n, j sql.NullString
		var c int
		must(rows.Scan(pq.Array(&a), &b, &t, &n, &j, &c))
		fmt.Println(a, b, t.Valid, n, j, c)
	}
	_, err = db.Exec("insert into go_t(id) values (1)")
	fmt.Println(err.(*pq.Error).Code, err.(*pq.Error).Constraint, err.(*pq.Error).Table)

	ctx := context.Background()
	c, err := pgx.Connect(ctx, "")
	must(err)
	batch := &pgx.Batch{}
	batch.Queue("select $1::int8 + 1", int64(4))
	batch.Queue("select n from go_t where id = $1", 1)
	results := c.SendBatch(ctx, batch)
	var eight int64
	var text float64
	must(results.QueryRow().Scan(&eight))
	must(results.QueryRow().Scan(&text))
	must(results.Close())
	fmt.Println(eight, text)
	copied, err := c.CopyFrom(ctx, pgx.Identifier{"go_t"}, []string{"a", "t"}, pgx.CopyFromRows([][]interface{}{{[]int32{7}, time.Unix(1, 0)}, {nil, nil}}))
	must(err)
	var list []int32
	must(c.QueryRow(ctx, "select a from go_t where a = '{7}'").Scan(&list))
	fmt.Println(copied, list)
	_, err = c.Exec(ctx, "select 1/0")
	fmt.Println(err)
	var many [][]byte
	must(c.QueryRow(ctx, "select array_agg(b) from go_t where b is not null").Scan(&many))
	fmt.Println(many)
	_, err = c.Exec(ctx, "listen go_ch; notify go_ch, 'x'")
	must(err)
	notification, err := c.WaitForNotification(ctx)
	must(err)
	fmt.Println(notification.Channel, notification.Payload)
}
