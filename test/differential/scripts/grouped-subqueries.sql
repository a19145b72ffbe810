CREATE TABLE gs (a int, b int);
INSERT INTO gs VALUES (1, 2), (2, 2), (3, 5);
SELECT (SELECT max(b) FROM gs) - a AS d, count(*) FROM gs GROUP BY (SELECT max(b) FROM gs) - a ORDER BY 1;
SELECT DISTINCT ON ((SELECT max(b) FROM gs)) a FROM gs ORDER BY (SELECT max(b) FROM gs), a;
