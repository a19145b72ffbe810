/**
 * The optional features of the SQL standard as information_schema.sql_features lists them, one a line: feature, sub-feature, whether PostgreSQL 15 says that it has it
 * (y, n), name, name of the sub-feature, comment. Clients take it for what a server of that version can do.
 */
export const sqlFeatureLines = `
B011||n|Embedded Ada
B012||y|Embedded C
B013||n|Embedded COBOL
B014||n|Embedded Fortran
B015||n|Embedded MUMPS
B016||n|Embedded Pascal
B017||n|Embedded PL/I
B021||y|Direct SQL
B031||n|Basic dynamic SQL
B032||n|Extended dynamic SQL
B032|01|n|Extended dynamic SQL|<describe input statement>
B033||n|Untyped SQL-invoked function arguments
B034||n|Dynamic specification of cursor attributes
B035||n|Non-extended descriptor names
B041||n|Extensions to embedded SQL exception declarations
B051||n|Enhanced execution rights
B111||n|Module language Ada
B112||n|Module language C
B113||n|Module language COBOL
B114||n|Module language Fortran
B115||n|Module language MUMPS
B116||n|Module language Pascal
B117||n|Module language PL/I
B121||n|Routine language Ada
B122||n|Routine language C
B123||n|Routine language COBOL
B124||n|Routine language Fortran
B125||n|Routine language MUMPS
B126||n|Routine language Pascal
B127||n|Routine language PL/I
B128||y|Routine language SQL
B200||n|Polymorphic table functions
B201||n|More than one PTF generic table parameter
B202||n|PTF Copartitioning
B203||n|More than one copartition specification
B204||n|PRUNE WHEN EMPTY
B205||n|Pass-through columns
B206||n|PTF descriptor parameters
B207||n|Cross products of partitionings
B208||n|PTF component procedure interface
B209||n|PTF extended names
B211||n|Module language Ada: VARCHAR and NUMERIC support
B221||n|Routine language Ada: VARCHAR and NUMERIC support
E011||y|Numeric data types
E011|01|y|Numeric data types|INTEGER and SMALLINT data types
E011|02|y|Numeric data types|REAL, DOUBLE PRECISION, and FLOAT data types
E011|03|y|Numeric data types|DECIMAL and NUMERIC data types
E011|04|y|Numeric data types|Arithmetic operators
E011|05|y|Numeric data types|Numeric comparison
E011|06|y|Numeric data types|Implicit casting among the numeric data types
E021||y|Character data types
E021|01|y|Character string types|CHARACTER data type
E021|02|y|Character string types|CHARACTER VARYING data type
E021|03|y|Character string types|Character literals
E021|04|y|Character string types|CHARACTER_LENGTH function|trims trailing spaces from CHARACTER values before counting
E021|05|y|Character string types|OCTET_LENGTH function
E021|06|y|Character string types|SUBSTRING function
E021|07|y|Character string types|Character concatenation
E021|08|y|Character string types|UPPER and LOWER functions
E021|09|y|Character string types|TRIM function
E021|10|y|Character string types|Implicit casting among the character string types
E021|11|y|Character string types|POSITION function
E021|12|y|Character string types|Character comparison
E031||y|Identifiers
E031|01|y|Identifiers|Delimited identifiers
E031|02|y|Identifiers|Lower case identifiers
E031|03|y|Identifiers|Trailing underscore
E051||y|Basic query specification
E051|01|y|Basic query specification|SELECT DISTINCT
E051|02|y|Basic query specification|GROUP BY clause
E051|04|y|Basic query specification|GROUP BY can contain columns not in <select list>
E051|05|y|Basic query specification|Select list items can be renamed
E051|06|y|Basic query specification|HAVING clause
E051|07|y|Basic query specification|Qualified * in select list
E051|08|y|Basic query specification|Correlation names in the FROM clause
E051|09|y|Basic query specification|Rename columns in the FROM clause
E061||y|Basic predicates and search conditions
E061|01|y|Basic predicates and search conditions|Comparison predicate
E061|02|y|Basic predicates and search conditions|BETWEEN predicate
E061|03|y|Basic predicates and search conditions|IN predicate with list of values
E061|04|y|Basic predicates and search conditions|LIKE predicate
E061|05|y|Basic predicates and search conditions|LIKE predicate ESCAPE clause
E061|06|y|Basic predicates and search conditions|NULL predicate
E061|07|y|Basic predicates and search conditions|Quantified comparison predicate
E061|08|y|Basic predicates and search conditions|EXISTS predicate
E061|09|y|Basic predicates and search conditions|Subqueries in comparison predicate
E061|11|y|Basic predicates and search conditions|Subqueries in IN predicate
E061|12|y|Basic predicates and search conditions|Subqueries in quantified comparison predicate
E061|13|y|Basic predicates and search conditions|Correlated subqueries
E061|14|y|Basic predicates and search conditions|Search condition
E071||y|Basic query expressions
E071|01|y|Basic query expressions|UNION DISTINCT table operator
E071|02|y|Basic query expressions|UNION ALL table operator
E071|03|y|Basic query expressions|EXCEPT DISTINCT table operator
E071|05|y|Basic query expressions|Columns combined via table operators need not have exactly the same data type
E071|06|y|Basic query expressions|Table operators in subqueries
E081||y|Basic Privileges
E081|01|y|Basic Privileges|SELECT privilege
E081|02|y|Basic Privileges|DELETE privilege
E081|03|y|Basic Privileges|INSERT privilege at the table level
E081|04|y|Basic Privileges|UPDATE privilege at the table level
E081|05|y|Basic Privileges|UPDATE privilege at the column level
E081|06|y|Basic Privileges|REFERENCES privilege at the table level
E081|07|y|Basic Privileges|REFERENCES privilege at the column level
E081|08|y|Basic Privileges|WITH GRANT OPTION
E081|09|y|Basic Privileges|USAGE privilege
E081|10|y|Basic Privileges|EXECUTE privilege
E091||y|Set functions
E091|01|y|Set functions|AVG
E091|02|y|Set functions|COUNT
E091|03|y|Set functions|MAX
E091|04|y|Set functions|MIN
E091|05|y|Set functions|SUM
E091|06|y|Set functions|ALL quantifier
E091|07|y|Set functions|DISTINCT quantifier
E101||y|Basic data manipulation
E101|01|y|Basic data manipulation|INSERT statement
E101|03|y|Basic data manipulation|Searched UPDATE statement
E101|04|y|Basic data manipulation|Searched DELETE statement
E111||y|Single row SELECT statement
E121||y|Basic cursor support
E121|01|y|Basic cursor support|DECLARE CURSOR
E121|02|y|Basic cursor support|ORDER BY columns need not be in select list
E121|03|y|Basic cursor support|Value expressions in ORDER BY clause
E121|04|y|Basic cursor support|OPEN statement
E121|06|y|Basic cursor support|Positioned UPDATE statement
E121|07|y|Basic cursor support|Positioned DELETE statement
E121|08|y|Basic cursor support|CLOSE statement
E121|10|y|Basic cursor support|FETCH statement implicit NEXT
E121|17|y|Basic cursor support|WITH HOLD cursors
E131||y|Null value support (nulls in lieu of values)
E141||y|Basic integrity constraints
E141|01|y|Basic integrity constraints|NOT NULL constraints
E141|02|y|Basic integrity constraints|UNIQUE constraints of NOT NULL columns
E141|03|y|Basic integrity constraints|PRIMARY KEY constraints
E141|04|y|Basic integrity constraints|Basic FOREIGN KEY constraint with the NO ACTION default for both referential delete action and referential update action
E141|06|y|Basic integrity constraints|CHECK constraints
E141|07|y|Basic integrity constraints|Column defaults
E141|08|y|Basic integrity constraints|NOT NULL inferred on PRIMARY KEY
E141|10|y|Basic integrity constraints|Names in a foreign key can be specified in any order
E151||y|Transaction support
E151|01|y|Transaction support|COMMIT statement
E151|02|y|Transaction support|ROLLBACK statement
E152||y|Basic SET TRANSACTION statement
E152|01|y|Basic SET TRANSACTION statement|SET TRANSACTION statement: ISOLATION LEVEL SERIALIZABLE clause
E152|02|y|Basic SET TRANSACTION statement|SET TRANSACTION statement: READ ONLY and READ WRITE clauses
E153||y|Updatable queries with subqueries
E161||y|SQL comments using leading double minus
E171||y|SQLSTATE support
E182||y|Host language binding
F021||y|Basic information schema
F021|01|y|Basic information schema|COLUMNS view
F021|02|y|Basic information schema|TABLES view
F021|03|y|Basic information schema|VIEWS view
F021|04|y|Basic information schema|TABLE_CONSTRAINTS view
F021|05|y|Basic information schema|REFERENTIAL_CONSTRAINTS view
F021|06|y|Basic information schema|CHECK_CONSTRAINTS view
F031||y|Basic schema manipulation
F031|01|y|Basic schema manipulation|CREATE TABLE statement to create persistent base tables
F031|02|y|Basic schema manipulation|CREATE VIEW statement
F031|03|y|Basic schema manipulation|GRANT statement
F031|04|y|Basic schema manipulation|ALTER TABLE statement: ADD COLUMN clause
F031|13|y|Basic schema manipulation|DROP TABLE statement: RESTRICT clause
F031|16|y|Basic schema manipulation|DROP VIEW statement: RESTRICT clause
F031|19|y|Basic schema manipulation|REVOKE statement: RESTRICT clause
F032||y|CASCADE drop behavior
F033||y|ALTER TABLE statement: DROP COLUMN clause
F034||y|Extended REVOKE statement
F034|01|y|Extended REVOKE statement|REVOKE statement performed by other than the owner of a schema object
F034|02|y|Extended REVOKE statement|REVOKE statement: GRANT OPTION FOR clause
F034|03|y|Extended REVOKE statement|REVOKE statement to revoke a privilege that the grantee has WITH GRANT OPTION
F041||y|Basic joined table
F041|01|y|Basic joined table|Inner join (but not necessarily the INNER keyword)
F041|02|y|Basic joined table|INNER keyword
F041|03|y|Basic joined table|LEFT OUTER JOIN
F041|04|y|Basic joined table|RIGHT OUTER JOIN
F041|05|y|Basic joined table|Outer joins can be nested
F041|07|y|Basic joined table|The inner table in a left or right outer join can also be used in an inner join
F041|08|y|Basic joined table|All comparison operators are supported (rather than just =)
F051||y|Basic date and time
F051|01|y|Basic date and time|DATE data type (including support of DATE literal)
F051|02|y|Basic date and time|TIME data type (including support of TIME literal) with fractional seconds precision of at least 0
F051|03|y|Basic date and time|TIMESTAMP data type (including support of TIMESTAMP literal) with fractional seconds precision of at least 0 and 6
F051|04|y|Basic date and time|Comparison predicate on DATE, TIME, and TIMESTAMP data types
F051|05|y|Basic date and time|Explicit CAST between datetime types and character string types
F051|06|y|Basic date and time|CURRENT_DATE
F051|07|y|Basic date and time|LOCALTIME
F051|08|y|Basic date and time|LOCALTIMESTAMP
F052||y|Intervals and datetime arithmetic
F053||y|OVERLAPS predicate
F054||n|TIMESTAMP in DATE type precedence list
F081||y|UNION and EXCEPT in views
F111||y|Isolation levels other than SERIALIZABLE
F111|01|y|Isolation levels other than SERIALIZABLE|READ UNCOMMITTED isolation level
F111|02|y|Isolation levels other than SERIALIZABLE|READ COMMITTED isolation level
F111|03|y|Isolation levels other than SERIALIZABLE|REPEATABLE READ isolation level
F121||n|Basic diagnostics management
F121|01|n|Basic diagnostics management|GET DIAGNOSTICS statement
F121|02|n|Basic diagnostics management|SET TRANSACTION statement: DIAGNOSTICS SIZE clause
F122||n|Enhanced diagnostics management
F123||n|All diagnostics
F131||y|Grouped operations
F131|01|y|Grouped operations|WHERE, GROUP BY, and HAVING clauses supported in queries with grouped views
F131|02|y|Grouped operations|Multiple tables supported in queries with grouped views
F131|03|y|Grouped operations|Set functions supported in queries with grouped views
F131|04|y|Grouped operations|Subqueries with GROUP BY and HAVING clauses and grouped views
F131|05|y|Grouped operations|Single row SELECT with GROUP BY and HAVING clauses and grouped views
F171||y|Multiple schemas per user
F181||y|Multiple module support
F191||y|Referential delete actions
F200||y|TRUNCATE TABLE statement
F201||y|CAST function
F202||y|TRUNCATE TABLE: identity column restart option
F221||y|Explicit defaults
F222||y|INSERT statement: DEFAULT VALUES clause
F231||y|Privilege tables
F231|01|y|Privilege tables|TABLE_PRIVILEGES view
F231|02|y|Privilege tables|COLUMN_PRIVILEGES view
F231|03|y|Privilege tables|USAGE_PRIVILEGES view
F251||y|Domain support
F261||y|CASE expression
F261|01|y|CASE expression|Simple CASE
F261|02|y|CASE expression|Searched CASE
F261|03|y|CASE expression|NULLIF
F261|04|y|CASE expression|COALESCE
F262||y|Extended CASE expression
F263||n|Comma-separated predicates in simple CASE expression
F271||y|Compound character literals
F281||y|LIKE enhancements
F291||n|UNIQUE predicate
F292||y|UNIQUE null treatment||SQL:202x draft
F301||n|CORRESPONDING in query expressions
F302||y|INTERSECT table operator
F302|01|y|INTERSECT table operator|INTERSECT DISTINCT table operator
F302|02|y|INTERSECT table operator|INTERSECT ALL table operator
F304||y|EXCEPT ALL table operator
F311||y|Schema definition statement
F311|01|y|Schema definition statement|CREATE SCHEMA
F311|02|y|Schema definition statement|CREATE TABLE for persistent base tables
F311|03|y|Schema definition statement|CREATE VIEW
F311|04|y|Schema definition statement|CREATE VIEW: WITH CHECK OPTION
F311|05|y|Schema definition statement|GRANT statement
F312||y|MERGE statement
F313||y|Enhanced MERGE statement
F314||y|MERGE statement with DELETE branch
F321||y|User authorization
F341||y|Usage tables
F361||y|Subprogram support
F381||y|Extended schema manipulation
F381|01|y|Extended schema manipulation|ALTER TABLE statement: ALTER COLUMN clause
F381|02|y|Extended schema manipulation|ALTER TABLE statement: ADD CONSTRAINT clause
F381|03|y|Extended schema manipulation|ALTER TABLE statement: DROP CONSTRAINT clause
F382||y|Alter column data type
F383||y|Set column not null clause
F384||y|Drop identity property clause
F385||y|Drop column generation expression clause
F386||y|Set identity column generation clause
F391||y|Long identifiers
F392||y|Unicode escapes in identifiers
F393||y|Unicode escapes in literals
F394||y|Optional normal form specification
F401||y|Extended joined table
F401|01|y|Extended joined table|NATURAL JOIN
F401|02|y|Extended joined table|FULL OUTER JOIN
F401|04|y|Extended joined table|CROSS JOIN
F402||y|Named column joins for LOBs, arrays, and multisets
F403||n|Partitioned joined tables
F404||y|Range variable for common column names
F411||y|Time zone specification||differences regarding literal interpretation
F421||y|National character
F431||y|Read-only scrollable cursors
F431|01|y|Read-only scrollable cursors|FETCH with explicit NEXT
F431|02|y|Read-only scrollable cursors|FETCH FIRST
F431|03|y|Read-only scrollable cursors|FETCH LAST
F431|04|y|Read-only scrollable cursors|FETCH PRIOR
F431|05|y|Read-only scrollable cursors|FETCH ABSOLUTE
F431|06|y|Read-only scrollable cursors|FETCH RELATIVE
F441||y|Extended set function support
F442||y|Mixed column references in set functions
F451||n|Character set definition
F461||n|Named character sets
F471||y|Scalar subquery values
F481||y|Expanded NULL predicate
F491||y|Constraint management
F492||n|Optional table constraint enforcement
F501||y|Features and conformance views
F501|01|y|Features and conformance views|SQL_FEATURES view
F501|02|y|Features and conformance views|SQL_SIZING view
F502||y|Enhanced documentation tables
F521||n|Assertions
F531||y|Temporary tables
F555||y|Enhanced seconds precision
F561||y|Full value expressions
F571||y|Truth value tests
F591||y|Derived tables
F611||y|Indicator data types
F641||y|Row and table constructors
F651||y|Catalog name qualifiers
F661||y|Simple tables
F671||n|Subqueries in CHECK||intentionally omitted
F672||y|Retrospective check constraints
F673||n|Reads SQL-data routine invocations in CHECK constraints
F690||y|Collation support||but no character set support
F692||y|Extended collation support
F693||n|SQL-session and client module collations
F695||n|Translation support
F696||n|Additional translation documentation
F701||y|Referential update actions
F711||y|ALTER domain
F721||n|Deferrable constraints||foreign and unique keys only
F731||y|INSERT column privileges
F741||n|Referential MATCH types||no partial match yet
F751||y|View CHECK enhancements
F761||y|Session management
F762||y|CURRENT_CATALOG
F763||y|CURRENT_SCHEMA
F771||y|Connection management
F781||y|Self-referencing operations
F791||y|Insensitive cursors
F801||y|Full set function
F812||n|Basic flagging
F813||n|Extended flagging
F821||n|Local table references
F831||n|Full cursor update
F831|01|n|Full cursor update|Updatable scrollable cursors
F831|02|n|Full cursor update|Updatable ordered cursors
F841||n|LIKE_REGEX predicate||consider regexp_like()
F842||n|OCCURRENCES_REGEX function||consider regexp_matches()
F843||n|POSITION_REGEX function||consider regexp_instr()
F844||n|SUBSTRING_REGEX function||consider regexp_substr()
F845||n|TRANSLATE_REGEX function||consider regexp_replace()
F846||n|Octet support in regular expression operators
F847||n|Nonconstant regular expressions
F850||y|Top-level <order by clause> in <query expression>
F851||y|<order by clause> in subqueries
F852||y|Top-level <order by clause> in views
F855||y|Nested <order by clause> in <query expression>
F856||y|Nested <fetch first clause> in <query expression>
F857||y|Top-level <fetch first clause> in <query expression>
F858||y|<fetch first clause> in subqueries
F859||y|Top-level <fetch first clause> in views
F860||y|<fetch first row count> in <fetch first clause>
F861||y|Top-level <result offset clause> in <query expression>
F862||y|<result offset clause> in subqueries
F863||y|Nested <result offset clause> in <query expression>
F864||y|Top-level <result offset clause> in views
F865||y|<offset row count> in <result offset clause>
F866||n|FETCH FIRST clause: PERCENT option
F867||y|FETCH FIRST clause: WITH TIES option
R010||n|Row pattern recognition: FROM clause
R020||n|Row pattern recognition: WINDOW clause
R030||n|Row pattern recognition: full aggregate support
S011||n|Distinct data types
S011|01|n|Distinct data types|USER_DEFINED_TYPES view
S023||n|Basic structured types
S024||n|Enhanced structured types
S025||n|Final structured types
S026||n|Self-referencing structured types
S027||n|Create method by specific method name
S028||n|Permutable UDT options list
S041||n|Basic reference types
S043||n|Enhanced reference types
S051||n|Create table of type||partially supported
S071||y|SQL paths in function and type name resolution
S081||n|Subtables
S091||n|Basic array support||partially supported
S091|01|y|Basic array support|Arrays of built-in data types
S091|02|n|Basic array support|Arrays of distinct types
S091|03|y|Basic array support|Array expressions
S092||y|Arrays of user-defined types
S094||n|Arrays of reference types
S095||y|Array constructors by query
S096||y|Optional array bounds
S097||n|Array element assignment
S098||y|ARRAY_AGG
S111||y|ONLY in query expressions
S151||n|Type predicate||see pg_typeof()
S161||n|Subtype treatment
S162||n|Subtype treatment for references
S201||y|SQL-invoked routines on arrays
S201|01|y|SQL-invoked routines on arrays|Array parameters
S201|02|y|SQL-invoked routines on arrays|Array as result type of functions
S202||n|SQL-invoked routines on multisets
S211||y|User-defined cast functions
S231||n|Structured type locators
S232||n|Array locators
S233||n|Multiset locators
S241||n|Transform functions
S242||n|Alter transform statement
S251||n|User-defined orderings
S261||n|Specific type method
S271||n|Basic multiset support
S272||n|Multisets of user-defined types
S274||n|Multisets of reference types
S275||n|Advanced multiset support
S281||n|Nested collection types
S291||n|Unique constraint on entire row
S301||y|Enhanced UNNEST
S401||n|Distinct types based on array types
S402||n|Distinct types based on distinct types
S403||n|ARRAY_MAX_CARDINALITY
S404||y|TRIM_ARRAY
T011||n|Timestamp in Information Schema
T021||n|BINARY and VARBINARY data types
T022||n|Advanced support for BINARY and VARBINARY data types
T023||n|Compound binary literal
T024||n|Spaces in binary literals
T031||y|BOOLEAN data type
T041||n|Basic LOB data type support
T041|01|n|Basic LOB data type support|BLOB data type
T041|02|n|Basic LOB data type support|CLOB data type
T041|03|n|Basic LOB data type support|POSITION, LENGTH, LOWER, TRIM, UPPER, and SUBSTRING functions for LOB data types
T041|04|n|Basic LOB data type support|Concatenation of LOB data types
T041|05|n|Basic LOB data type support|LOB locator: non-holdable
T042||n|Extended LOB data type support
T043||n|Multiplier T
T044||n|Multiplier P
T051||n|Row types
T053||n|Explicit aliases for all-fields reference
T061||n|UCS support
T071||y|BIGINT data type
T076||n|DECFLOAT data type
T101||n|Enhanced nullability determination
T111||n|Updatable joins, unions, and columns
T121||y|WITH (excluding RECURSIVE) in query expression
T122||y|WITH (excluding RECURSIVE) in subquery
T131||y|Recursive query
T132||y|Recursive query in subquery
T133||y|Enhanced cycle mark values||SQL:202x draft
T141||y|SIMILAR predicate
T151||y|DISTINCT predicate
T152||y|DISTINCT predicate with negation
T171||y|LIKE clause in table definition
T172||y|AS subquery clause in table definition
T173||y|Extended LIKE clause in table definition
T174||y|Identity columns
T175||n|Generated columns||mostly supported
T176||n|Sequence generator support||supported except for NEXT VALUE FOR
T177||y|Sequence generator support: simple restart option
T178||y|Identity columns:  simple restart option
T180||n|System-versioned tables
T181||n|Application-time period tables
T191||y|Referential action RESTRICT
T201||y|Comparable data types for referential constraints
T211||n|Basic trigger capability
T211|01|y|Basic trigger capability|Triggers activated on UPDATE, INSERT, or DELETE of one base table
T211|02|y|Basic trigger capability|BEFORE triggers
T211|03|y|Basic trigger capability|AFTER triggers
T211|04|y|Basic trigger capability|FOR EACH ROW triggers
T211|05|y|Basic trigger capability|Ability to specify a search condition that must be true before the trigger is invoked
T211|06|n|Basic trigger capability|Support for run-time rules for the interaction of triggers and constraints
T211|07|y|Basic trigger capability|TRIGGER privilege
T211|08|n|Basic trigger capability|Multiple triggers for the same event are executed in the order in which they were created in the catalog|intentionally omitted
T212||y|Enhanced trigger capability
T213||y|INSTEAD OF triggers
T231||n|Sensitive cursors
T241||y|START TRANSACTION statement
T251||n|SET TRANSACTION statement: LOCAL option
T261||y|Chained transactions
T271||y|Savepoints
T272||n|Enhanced savepoint management
T281||y|SELECT privilege with column granularity
T285||y|Enhanced derived column names
T301||n|Functional dependencies||partially supported
T312||y|OVERLAY function
T321||n|Basic SQL-invoked routines||partially supported
T321|01|y|Basic SQL-invoked routines|User-defined functions with no overloading
T321|02|y|Basic SQL-invoked routines|User-defined stored procedures with no overloading
T321|03|y|Basic SQL-invoked routines|Function invocation
T321|04|y|Basic SQL-invoked routines|CALL statement
T321|05|y|Basic SQL-invoked routines|RETURN statement
T321|06|y|Basic SQL-invoked routines|ROUTINES view
T321|07|y|Basic SQL-invoked routines|PARAMETERS view
T322||n|Declared data type attributes
T323||y|Explicit security for external routines
T324||n|Explicit security for SQL routines
T325||y|Qualified SQL parameter references
T326||n|Table functions
T331||y|Basic roles
T332||y|Extended roles
T341||y|Overloading of SQL-invoked functions and procedures
T351||y|Bracketed SQL comments (/*...*/ comments)
T431||y|Extended grouping capabilities
T432||y|Nested and concatenated GROUPING SETS
T433||y|Multiargument GROUPING function
T434||y|GROUP BY DISTINCT
T441||y|ABS and MOD functions
T461||y|Symmetric BETWEEN predicate
T471||n|Result sets return value
T472||n|DESCRIBE CURSOR
T491||y|LATERAL derived table
T495||n|Combined data change and retrieval||different syntax
T501||y|Enhanced EXISTS predicate
T502||n|Period predicates
T511||n|Transaction counts
T521||y|Named arguments in CALL statement
T522||n|Default values for IN parameters of SQL-invoked procedures||supported except DEFAULT key word in invocation
T523||y|Default values for INOUT parameters of SQL-invoked procedures
T524||y|Named arguments in routine invocations other than a CALL statement
T525||y|Default values for parameters of SQL-invoked functions
T551||y|Optional key words for default syntax
T561||n|Holdable locators
T571||n|Array-returning external SQL-invoked functions
T572||n|Multiset-returning external SQL-invoked functions
T581||y|Regular expression substring function
T591||y|UNIQUE constraints of possibly null columns
T601||n|Local cursor references
T611||y|Elementary OLAP operations
T612||y|Advanced OLAP operations
T613||y|Sampling
T614||y|NTILE function
T615||y|LEAD and LAG functions
T616||n|Null treatment option for LEAD and LAG functions
T617||y|FIRST_VALUE and LAST_VALUE function
T618||n|NTH_VALUE function||function exists, but some options missing
T619||n|Nested window functions
T620||y|WINDOW clause: GROUPS option
T621||y|Enhanced numeric functions
T622||y|Trigonometric functions
T623||y|General logarithm functions
T624||y|Common logarithm functions
T625||n|LISTAGG
T631||y|IN predicate with one list element
T641||n|Multiple column assignment||only some syntax variants supported
T651||y|SQL-schema statements in SQL routines
T652||n|SQL-dynamic statements in SQL routines
T653||y|SQL-schema statements in external routines
T654||n|SQL-dynamic statements in external routines
T655||y|Cyclically dependent routines
T811||n|Basic SQL/JSON constructor functions
T812||n|SQL/JSON: JSON_OBJECTAGG
T813||n|SQL/JSON: JSON_ARRAYAGG with ORDER BY
T814||n|Colon in JSON_OBJECT or JSON_OBJECTAGG
T821||n|Basic SQL/JSON query operators
T822||n|SQL/JSON: IS JSON WITH UNIQUE KEYS predicate
T823||n|SQL/JSON: PASSING clause
T824||n|JSON_TABLE: specific PLAN clause
T825||n|SQL/JSON: ON EMPTY and ON ERROR clauses
T826||n|General value expression in ON ERROR or ON EMPTY clauses
T827||n|JSON_TABLE: sibling NESTED COLUMNS clauses
T828||n|JSON_QUERY
T829||n|JSON_QUERY: array wrapper options
T830||n|Enforcing unique keys in SQL/JSON constructor functions
T831||y|SQL/JSON path language: strict mode
T832||y|SQL/JSON path language: item method
T833||y|SQL/JSON path language: multiple subscripts
T834||y|SQL/JSON path language: wildcard member accessor
T835||y|SQL/JSON path language: filter expressions
T836||y|SQL/JSON path language: starts with predicate
T837||y|SQL/JSON path language: regex_like predicate
T838||n|JSON_TABLE: PLAN DEFAULT clause
T839||n|Formatted cast of datetimes to/from character strings
M001||n|Datalinks
M002||n|Datalinks via SQL/CLI
M003||n|Datalinks via Embedded SQL
M004||n|Foreign data support||partially supported
M005||n|Foreign schema support
M006||n|GetSQLString routine
M007||n|TransmitRequest
M009||n|GetOpts and GetStatistics routines
M010||n|Foreign data wrapper support||different API
M011||n|Datalinks via Ada
M012||n|Datalinks via C
M013||n|Datalinks via COBOL
M014||n|Datalinks via Fortran
M015||n|Datalinks via M
M016||n|Datalinks via Pascal
M017||n|Datalinks via PL/I
M018||n|Foreign data wrapper interface routines in Ada
M019||n|Foreign data wrapper interface routines in C||different API
M020||n|Foreign data wrapper interface routines in COBOL
M021||n|Foreign data wrapper interface routines in Fortran
M022||n|Foreign data wrapper interface routines in MUMPS
M023||n|Foreign data wrapper interface routines in Pascal
M024||n|Foreign data wrapper interface routines in PL/I
M030||n|SQL-server foreign data support
M031||n|Foreign data wrapper general routines
X010||y|XML type
X011||y|Arrays of XML type
X012||n|Multisets of XML type
X013||n|Distinct types of XML type
X014||y|Attributes of XML type
X015||n|Fields of XML type
X016||y|Persistent XML values
X020||y|XMLConcat
X025||n|XMLCast
X030||n|XMLDocument
X031||y|XMLElement
X032||y|XMLForest
X034||y|XMLAgg
X035||y|XMLAgg: ORDER BY option
X036||y|XMLComment
X037||y|XMLPI
X038||n|XMLText
X040||y|Basic table mapping
X041||y|Basic table mapping: nulls absent
X042||y|Basic table mapping: null as nil
X043||y|Basic table mapping: table as forest
X044||y|Basic table mapping: table as element
X045||y|Basic table mapping: with target namespace
X046||y|Basic table mapping: data mapping
X047||y|Basic table mapping: metadata mapping
X048||y|Basic table mapping: base64 encoding of binary strings
X049||y|Basic table mapping: hex encoding of binary strings
X050||y|Advanced table mapping
X051||y|Advanced table mapping: nulls absent
X052||y|Advanced table mapping: null as nil
X053||y|Advanced table mapping: table as forest
X054||y|Advanced table mapping: table as element
X055||y|Advanced table mapping: with target namespace
X056||y|Advanced table mapping: data mapping
X057||y|Advanced table mapping: metadata mapping
X058||y|Advanced table mapping: base64 encoding of binary strings
X059||y|Advanced table mapping: hex encoding of binary strings
X060||y|XMLParse: character string input and CONTENT option
X061||y|XMLParse: character string input and DOCUMENT option
X065||n|XMLParse: BLOB input and CONTENT option
X066||n|XMLParse: BLOB input and DOCUMENT option
X068||n|XMLSerialize: BOM
X069||n|XMLSerialize: INDENT
X070||y|XMLSerialize: character string serialization and CONTENT option
X071||y|XMLSerialize: character string serialization and DOCUMENT option
X072||y|XMLSerialize: character string serialization
X073||n|XMLSerialize: BLOB serialization and CONTENT option
X074||n|XMLSerialize: BLOB serialization and DOCUMENT option
X075||n|XMLSerialize: BLOB serialization
X076||n|XMLSerialize: VERSION
X077||n|XMLSerialize: explicit ENCODING option
X078||n|XMLSerialize: explicit XML declaration
X080||n|Namespaces in XML publishing
X081||n|Query-level XML namespace declarations
X082||n|XML namespace declarations in DML
X083||n|XML namespace declarations in DDL
X084||n|XML namespace declarations in compound statements
X085||n|Predefined namespace prefixes
X086||n|XML namespace declarations in XMLTable
X090||y|XML document predicate
X091||n|XML content predicate
X096||n|XMLExists||XPath 1.0 only
X100||n|Host language support for XML: CONTENT option
X101||n|Host language support for XML: DOCUMENT option
X110||n|Host language support for XML: VARCHAR mapping
X111||n|Host language support for XML: CLOB mapping
X112||n|Host language support for XML: BLOB mapping
X113||n|Host language support for XML: STRIP WHITESPACE option
X114||n|Host language support for XML: PRESERVE WHITESPACE option
X120||y|XML parameters in SQL routines
X121||y|XML parameters in external routines
X131||n|Query-level XMLBINARY clause
X132||n|XMLBINARY clause in DML
X133||n|XMLBINARY clause in DDL
X134||n|XMLBINARY clause in compound statements
X135||n|XMLBINARY clause in subqueries
X141||n|IS VALID predicate: data-driven case
X142||n|IS VALID predicate: ACCORDING TO clause
X143||n|IS VALID predicate: ELEMENT clause
X144||n|IS VALID predicate: schema location
X145||n|IS VALID predicate outside check constraints
X151||n|IS VALID predicate with DOCUMENT option
X152||n|IS VALID predicate with CONTENT option
X153||n|IS VALID predicate with SEQUENCE option
X155||n|IS VALID predicate: NAMESPACE without ELEMENT clause
X157||n|IS VALID predicate: NO NAMESPACE with ELEMENT clause
X160||n|Basic Information Schema for registered XML Schemas
X161||n|Advanced Information Schema for registered XML Schemas
X170||n|XML null handling options
X171||n|NIL ON NO CONTENT option
X181||n|XML(DOCUMENT(UNTYPED)) type
X182||n|XML(DOCUMENT(ANY)) type
X190||n|XML(SEQUENCE) type
X191||n|XML(DOCUMENT(XMLSCHEMA)) type
X192||n|XML(CONTENT(XMLSCHEMA)) type
X200||n|XMLQuery
X201||n|XMLQuery: RETURNING CONTENT
X202||n|XMLQuery: RETURNING SEQUENCE
X203||n|XMLQuery: passing a context item
X204||n|XMLQuery: initializing an XQuery variable
X205||n|XMLQuery: EMPTY ON EMPTY option
X206||n|XMLQuery: NULL ON EMPTY option
X211||n|XML 1.1 support
X221||y|XML passing mechanism BY VALUE
X222||n|XML passing mechanism BY REF||parser accepts BY REF but ignores it; passing is always BY VALUE
X231||n|XML(CONTENT(UNTYPED)) type
X232||n|XML(CONTENT(ANY)) type
X241||n|RETURNING CONTENT in XML publishing
X242||n|RETURNING SEQUENCE in XML publishing
X251||n|Persistent XML values of XML(DOCUMENT(UNTYPED)) type
X252||n|Persistent XML values of XML(DOCUMENT(ANY)) type
X253||n|Persistent XML values of XML(CONTENT(UNTYPED)) type
X254||n|Persistent XML values of XML(CONTENT(ANY)) type
X255||n|Persistent XML values of XML(SEQUENCE) type
X256||n|Persistent XML values of XML(DOCUMENT(XMLSCHEMA)) type
X257||n|Persistent XML values of XML(CONTENT(XMLSCHEMA)) type
X260||n|XML type: ELEMENT clause
X261||n|XML type: NAMESPACE without ELEMENT clause
X263||n|XML type: NO NAMESPACE with ELEMENT clause
X264||n|XML type: schema location
X271||n|XMLValidate: data-driven case
X272||n|XMLValidate: ACCORDING TO clause
X273||n|XMLValidate: ELEMENT clause
X274||n|XMLValidate: schema location
X281||n|XMLValidate with DOCUMENT option
X282||n|XMLValidate with CONTENT option
X283||n|XMLValidate with SEQUENCE option
X284||n|XMLValidate: NAMESPACE without ELEMENT clause
X286||n|XMLValidate: NO NAMESPACE with ELEMENT clause
X300||n|XMLTable||XPath 1.0 only
X301||y|XMLTable: derived column list option
X302||y|XMLTable: ordinality column option
X303||y|XMLTable: column default option
X304||y|XMLTable: passing a context item||must be XML DOCUMENT
X305||n|XMLTable: initializing an XQuery variable
X400||y|Name and identifier mapping
X410||y|Alter column data type: XML type
`;
