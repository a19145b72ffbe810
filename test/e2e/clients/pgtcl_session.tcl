# Pgtcl: connections, results as arrays and lists, parameters, prepared statements, asynchronous queries, notifications, COPY, errors.
package require Pgtcl
set c [pg_connect -conninfo ""]
proc run {label body} { global c; if {[catch {uplevel #0 $body} answer]} { puts "$label ! [string trim [lindex [split $answer \n] 0]]" } else { puts "$label $answer" } }
proc rows {sql args} { global c; set r [eval [list pg_exec $c $sql] $args]; set s [pg_result $r -status]; set t [pg_result $r -llist]; set e [pg_result $r -error]; set k [pg_result $r -attributes]; pg_result $r -clear; return "$s {$k} $t [lindex [split $e \n] 0]" }
run create { rows "create table tt(id serial primary key, v text, n numeric(8,2), b bytea, d date, f bool)" }
run insert { rows "insert into tt(v, n, d, f) values (\$1, \$2, '2024-02-29', true), ('it''s', null, null, false) returning id" "é" 1.5 }
run select { rows "select * from tt order by id" }
run error { rows "select * from nothing" }
run violates { rows "insert into tt(id) values (1)" }
run duplicate { set r [pg_exec $c "insert into tt(id) values (1)"]; set s "[pg_result $r -error sqlstate] [pg_result $r -error primary] [pg_result $r -error detail]"; pg_result $r -clear; set s }
run lxattributes { set r [pg_exec $c "select id, n, v from tt"]; set s [pg_result $r -lAttributes]; pg_result $r -clear; set s }
run tuples { set r [pg_exec $c "update tt set n = 2"]; set s "[pg_result $r -cmdTuples] [pg_result $r -oid]"; pg_result $r -clear; set s }
run foreach { set out {}; pg_select $c "select id, v from tt order by id" row { lappend out "$row(.tupno):$row(id)=$row(v)" }; set out }
run execute { pg_execute -array row $c "select count(*) as k from tt" {set k $row(k)}; set k }
run prepared { pg_result [pg_exec $c "prepare p(int) as select v from tt where id = \$1"] -clear; set r [pg_exec_prepared $c p 1]; set s [pg_result $r -getTuple 0]; pg_result $r -clear; set s }
run null { set r [pg_exec $c "select null::text, ''"]; pg_result $r -null_value_string NIL; set s [pg_result $r -list]; pg_result $r -clear; set s }
run transaction { rows begin; rows "savepoint a"; set s [rows "insert into tt(id) values (1)"]; rows "rollback to a"; rows "insert into tt(id) values (90)"; rows rollback; append s [rows "select count(*) from tt"] }
run async { pg_sendquery $c "select 1 as a; select 2 as b"; set out {}; while {[set r [pg_getresult $c]] ne ""} { lappend out [pg_result $r -status]; pg_result $r -clear }; set out }
run escape { list [pg_quote "it's \\"] [pg_escape_string "it's"] }
set heard {}
proc hear {channel pid payload} { global heard; lappend heard $channel $payload [expr {$pid > 0}] }
pg_listen $c ch hear
run notify { rows "notify ch, 'x'"; after 100 {set waited 1}; vwait waited; set heard }
run copyin { set r [pg_exec $c "copy tt(id, v) from stdin"]; puts $c "50\tfifty"; puts $c "51\t\\N"; puts $c "\\."; pg_result $r -clear; rows "select id, v from tt where id >= 50" }
run copyout { set r [pg_exec $c "copy (select id, v from tt order by id) to stdout"]; set out {}; while {[gets $c line] >= 0} { if {$line eq "\\."} break; lappend out $line }; pg_result $r -clear; set out }
run notices { rows "do \$\$ begin raise notice 'hi'; end \$\$" }
run conndefaults { expr {[llength [pg_conndefaults]] > 5} }
pg_disconnect $c
puts done
